if x { y }
