package settings

const defaultEngine = "epoll"
