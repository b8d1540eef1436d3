//go:build tools

// Package tools pins the program that is built from this module, so that go.sum covers what it imports.
package tools

import _ "github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity"
