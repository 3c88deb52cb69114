#!/bin/bash
echo hi
echo ho
