#!/bin/bash
cat > other.sh <<END
#!/bin/bash
#SBATCH -J other
#SBATCH -c 4
END
