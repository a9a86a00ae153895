"""Settings from conf.yaml, characters/*.yaml and the environment."""
