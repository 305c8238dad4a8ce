# A page drawn in PostScript, rendered, and turned into PDF and back.
echo '%!PS
/Helvetica findfont 24 scalefont setfont 72 700 moveto (hello) show
0 1 50 { 72 exch 10 mul 100 add moveto 200 0 rlineto stroke } for
1 0 0 setrgbcolor 300 300 100 0 360 arc fill showpage' >page.ps
gs -q -dBATCH -dNOPAUSE -sDEVICE=ppmraw -r50 -sOutputFile=page.ppm page.ps && sha256sum page.ppm
gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -sOutputFile=page.pdf page.ps
gs -q -dBATCH -dNOPAUSE -sDEVICE=ppmraw -r50 -sOutputFile=back.ppm page.pdf && sha256sum back.ppm
echo '%!PS nonsense' | gs -q -dBATCH -dNOPAUSE -sDEVICE=nullpage - | head -3
