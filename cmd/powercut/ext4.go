package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
)

// groupBlocks is the number of blocks of a group of the file system. It is smaller than usual, so that a small disk, too, has
// a second group and with it a copy of the superblock, as every real disk has.
const (
	blockSize   = 4096
	groupBlocks = 4096
)

// makeFileSystem returns a disk of so many bytes with an empty ext4 file system, which is made in the folder.
func makeFileSystem(dir string, size int) ([]byte, error) {
	path := filepath.Join(dir, "blank")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		return nil, err
	}
	// Debian's settings for ext4. Nothing is left to be initialised later, because such writes would come at their own time.
	out, err := exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-b", fmt.Sprint(blockSize), "-g", fmt.Sprint(groupBlocks), "-m", "0",
		"-E", "lazy_itable_init=0,lazy_journal_init=0", path).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("mke2fs: %w: %s", err, out)
	}
	return os.ReadFile(path)
}

// superblockTorn reports whether the superblock does not have its own sum. It is two sectors long, and the only part of ext4
// that is written in its place without the protection of the file system's journal; so a cut may leave one sector of it new
// and one old. The kernel then refuses to mount.
func superblockTorn(image []byte) bool {
	const at, length = 1024, 1024
	if len(image) < at+length {
		return true
	}
	s := image[at : at+length]
	// The sum is a CRC-32C without the usual last inversion.
	sum := ^crc32.Checksum(s[:length-4], crc32.MakeTable(crc32.Castagnoli))
	return sum != binary.LittleEndian.Uint32(s[length-4:])
}

// errFileSystem says that a cut has broken ext4 itself.
var errFileSystem = errors.New("e2fsck cannot mend the file system")

// check runs e2fsck as a Debian computer does before it mounts: it replays the journal of the file system, and takes the
// copy of the superblock where the first is torn. It returns errFileSystem or the reason why it could not run.
func check(ctx context.Context, path string, torn bool) error {
	args := []string{"-f", "-y"}
	if torn {
		args = append(args, "-b", fmt.Sprint(groupBlocks), "-B", fmt.Sprint(blockSize))
	}
	out, err := exec.CommandContext(ctx, "e2fsck", append(args, path)...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		// Code 1 says that something was mended, be it the replayed journal alone.
		if exit.ExitCode() == 1 {
			return nil
		}
		return fmt.Errorf("%w: %v: %s", errFileSystem, err, out)
	}
	return err
}

// mend returns what e2fsck makes of a disk, with the copy of the superblock in the place of a torn one. dir is for the disk
// meanwhile.
func mend(ctx context.Context, dir string, image []byte) ([]byte, error) {
	f, err := os.CreateTemp(dir, "torn")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(image)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if err := check(ctx, f.Name(), superblockTorn(image)); err != nil {
		return nil, err
	}
	return os.ReadFile(f.Name())
}
