"""The public HTTP interface and the page. Dutch outside, English inside; the mapping stands in `names`."""
