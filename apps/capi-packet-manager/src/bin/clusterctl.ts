// clusterctl: makes, moves, checks and deletes clusters from a desk.
