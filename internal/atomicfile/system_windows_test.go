package atomicfile

import "golang.org/x/sys/windows"

const errMounted = windows.ERROR_NOT_SAME_DEVICE
