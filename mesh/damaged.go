package mesh

import "errors"

// errDamaged says that a file of the mesh is not what was written.
var errDamaged = errors.New("the file is damaged")
