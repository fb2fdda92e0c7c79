package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// modules are what the Debian cloud kernel needs to see a virtio disk, in the order of loading. ext4 is built into it.
var modules = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"}

// initramfs returns the archive that the guest's kernel unpacks: the program and the modules.
func initramfs(program, moduleDir string) ([]byte, error) {
	found := make(map[string]string)
	err := filepath.WalkDir(moduleDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found[d.Name()] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var a archive
	for _, dir := range []string{"dev", "proc", "disk", "modules"} {
		a.add(dir, 0o040755, nil)
	}
	// The kernel opens this for its first process before that can make any device.
	a.device("dev/console", 0o020600, 5, 1)
	for i, name := range modules {
		path, ok := found[name+".ko"]
		if !ok {
			return nil, fmt.Errorf("no module %s.ko below %s", name, moduleDir)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		a.add(fmt.Sprintf("modules/%d-%s.ko", i, name), 0o100644, data)
	}
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	a.add("init", 0o100755, data)
	return a.end(), nil
}

// archive writes cpio in the "newc" form (the kernel's early userspace buffer format).
type archive struct {
	bytes.Buffer
	inode uint32
}

func (a *archive) add(name string, mode uint32, data []byte) { a.entry(name, mode, 0, 0, data) }

func (a *archive) device(name string, mode, major, minor uint32) {
	a.entry(name, mode, major, minor, nil)
}

func (a *archive) entry(name string, mode, major, minor uint32, data []byte) {
	a.inode++
	// inode, mode, uid, gid, links, mtime, size, device, device of the node, length of the name, sum
	fmt.Fprintf(a, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	a.WriteString(name + "\x00")
	a.pad()
	a.Write(data)
	a.pad()
}

func (a *archive) pad() {
	for a.Len()%4 != 0 {
		a.WriteByte(0)
	}
}

func (a *archive) end() []byte {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.Bytes()
}
