//go:build !linux

package settings

const defaultEngine = "easygo"
