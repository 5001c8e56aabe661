from gmsd_cli.main import main

main()
