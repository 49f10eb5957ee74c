"""Kernels that are started ahead: one fresh process for each run, forked from a server that has imported the libraries.

A kernel's start and the import of scikit-learn and its like take most of the time of a short notebook. A fork server
(`server`) does both once; each run gets a new process forked from it (`forked`), with its own connection, session and
namespace, used once and then ended. While one runs the next is made ready (`pool`). The notebook's own syntax tree
says what is imported ahead (`preload`). Where this cannot be had exactly (another interpreter or kernel, no `fork`,
a library that prints when it is imported or leaves a thread behind that does not survive a fork) the kernel is
started cold, by jupyter_client.
"""
