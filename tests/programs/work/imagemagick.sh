# Pictures drawn, filtered with OpenMP threads, converted and measured.
convert -size 200x150 plasma:red-blue -seed 7 +noise Random none.png 2>/dev/null
convert -size 200x150 gradient:red-blue -blur 0x3 -rotate 30 -resize 120x90 -depth 8 -strip a.png
identify -format '%m %w %h %[colorspace]\n' a.png
convert a.png rgb:- | sha256sum
convert a.png -negate -quality 80 b.jpg && convert b.jpg -format '%w %h %k\n' info:
convert nothing.png c.png 2>/dev/null
echo "status $?"
