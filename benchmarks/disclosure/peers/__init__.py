"""The peers, each called as its own documentation and sources call it. They run in processes of their own."""
