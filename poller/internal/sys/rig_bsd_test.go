//go:build darwin || freebsd

package sys_test

var kernels = []kernel{easygoKernel, fakeKernel}
