module sealyard.dev/bench/load

go 1.25
