"""The life of one item, cut short by SIGKILL at every step, with an outlet that fails as well."""
