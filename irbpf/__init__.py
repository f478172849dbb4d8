"""irbpf: infrared protocols in IRP notation, decoded by BPF in the kernel."""

__version__ = "0.1.0"
