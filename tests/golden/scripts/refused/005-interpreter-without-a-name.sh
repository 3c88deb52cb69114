#!
echo hi
