"""Quality: whether the data came whole, the gates held, the models still hold, and the runs went well."""
