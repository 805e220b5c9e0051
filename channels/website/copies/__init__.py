"""Copies of the site at other places: a folder, rsync, SFTP, WebDAV, S3."""
