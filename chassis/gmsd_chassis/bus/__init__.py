"""Events in and out: codec, publisher, inbox, fold, quarantine."""
