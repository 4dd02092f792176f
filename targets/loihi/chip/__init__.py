"""Facts of the chips: what they take, what there is room for, what it costs."""
