//go:build !linux

package main

import "errors"

// guestCommand is for the guest's Linux only.
type guestCommand struct{}

// Run returns an error.
func (guestCommand) Run() error { return errors.New("a guest is a Linux") }
