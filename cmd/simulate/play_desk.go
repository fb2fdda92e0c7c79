package main

func (p *play) startConsole() error { return nil }
func (p *play) door() error         { return nil }
func (p *play) acts() error         { return nil }
