// Package disktest holds disks on which the worst happens: [Crash] forgets at a power cut what was not synced, [Fault] lets any
// single operation fail.
package disktest
