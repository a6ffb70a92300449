"""`python -m dragoman`, which is how `torchrun -m dragoman train` starts its processes."""

from dragoman.cli import main

main()
