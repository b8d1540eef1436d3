// manager: the controllers of cluster.k8s.io/v1alpha1 and of its Packet machines.
