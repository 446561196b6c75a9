package serve

const noFollow = 0 // there is no such flag

func cannotSync(error) bool { return false }
