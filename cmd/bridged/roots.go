package main

// Where the system has no certificates of authorities, as in an image that holds
// nothing but the program, carriers are believed by those of Mozilla's list, as
// they were when the program was made.
import _ "golang.org/x/crypto/x509roots/fallback"
