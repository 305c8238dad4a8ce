# Synthetic picture and sound, encoded and decoded with two threads.
ffmpeg -v error -threads 2 -f lavfi -i testsrc2=size=160x120:rate=10:duration=2 \
    -f lavfi -i sine=frequency=440:duration=2 -c:v mpeg4 -c:a aac -fflags +bitexact -flags +bitexact out.mkv
echo "encoded: $?"
ffmpeg -v error -i out.mkv -f framemd5 - | sha256sum
ffmpeg -v error -i out.mkv -vf scale=80:60,hue=s=0 -f rawvideo -pix_fmt yuv420p - | sha256sum
ffprobe -v error -show_entries stream=codec_name,width,height out.mkv
ffmpeg -v error -i none.mkv out.avi
echo "status $?"
