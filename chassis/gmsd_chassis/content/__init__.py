"""Content: the port, its two stores, and the seal of one chunk."""

from gmsd_chassis.content.directory import DirectoryContentStore
from gmsd_chassis.content.log import LogContentStore
from gmsd_chassis.content.store import ContentStore, ContentWriter

__all__ = ["ContentStore", "ContentWriter", "DirectoryContentStore", "LogContentStore"]
