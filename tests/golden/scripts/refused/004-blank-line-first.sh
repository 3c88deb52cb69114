
#!/bin/bash
echo hi
