#!/bin/bash
#SBATCHx -J glued
true
