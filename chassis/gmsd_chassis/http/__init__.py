"""A public interface over HTTP: problems, headers and tokens. Needs joserfc and httpx, which the services that import it declare."""
