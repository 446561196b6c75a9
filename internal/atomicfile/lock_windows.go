package atomicfile

const lockFlags = 0
