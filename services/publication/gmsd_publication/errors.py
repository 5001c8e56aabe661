"""Why publication holds a release: the reasons in log and metric, with what the platform team can do. Never public."""

REASONS: dict[str, str] = {
    "snapshot_expired": "The exact cells are older than their retention. Wait for a new snapshot, or cause one.",
    "snapshot_damaged": "The cells or the frame are not what the event promised. Let aggregation compute them again.",
    "snapshot_too_large": "The cells pass the limit on content in memory. Look at what aggregation wrote.",
    "other_catalogue": "Aggregation counted with another version of the catalogue. Deploy both with the same contracts.",
    "unknown_product": "No indicator of the catalogue belongs to this product. Deploy a newer publication.",
    "unknown_indicator": "The cells hold an indicator that the catalogue does not have. Deploy a newer publication.",
    "unknown_region": "The cells count people in a region that is not in the frame. Look at the regio delivery.",
    "unknown_level": "The frame has a level that the catalogue does not know. Deploy a newer publication.",
    "unknown_parent": "A region lies in a region that is not in the frame. Look at the regio delivery.",
    "duplicate_region": "A region stands in the frame twice. Look at the regio delivery.",
    "no_land": "The frame must have exactly one country. Look at the regio delivery.",
    "protection_incomplete": "The protection step did not answer for exactly its cells: a defect of that method.",
    "protection": "The protection step will not let this release out; its own reason stands in the log.",
}
