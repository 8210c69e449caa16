#!/bin/bash
# A hundred sounds that ffmpeg writes and reads, over containers, codecs, rates, channels and metadata:
#
#     engine/training/benches/hundred.sh FOLDER
#     straightshot train library --library FOLDER --out MODEL --check
#
# How many of them are used is the figure. Three are of codecs that nothing here reads (WavPack, WMA, AC-3).
set -eu
mkdir -p "$1"
cd "$1"
n=0
# make ENDING CHANNELS RATE [ffmpeg options]: a tone of half a second that swells.
make() {
    n=$((n + 1))
    local ending=$1 layout=$2 rate=$3 pan="" count
    shift 3
    count=$(printf '%s' "$layout" | sed 's/mono/1/;s/stereo/2/;s/2.1/3/;s/3.0/3/;s/quad/4/;s/4.0/4/;s/5.0/5/;s/5.1/6/;s/6.1/7/;s/7.1/8/')
    for i in $(seq 0 $((count - 1))); do pan="$pan|c$i=c0"; done
    ffmpeg -loglevel error -y -f lavfi -i "sine=frequency=440:duration=0.5:sample_rate=$rate" \
        -af "pan=$layout$pan,volume=4,afade=t=in:d=0.1" "$@" "rain on tent $(printf %03d $n).$ending"
}

for c in pcm_u8 pcm_s16le pcm_s24le pcm_s32le pcm_f32le pcm_f64le pcm_alaw pcm_mulaw adpcm_ima_wav adpcm_ms; do
    make wav mono 44100 -c:a $c
done
for r in 8000 11025 16000 22050 32000 48000 96000 192000; do make wav stereo $r; done
for l in stereo 2.1 3.0 4.0 quad 5.0 5.1 6.1 7.1; do make wav $l 48000 -c:a pcm_s24le; done
make wav mono 48000 -write_bext 1 -metadata description="Rain on a tent"
make wav mono 48000 -metadata title="Rain on a tent" -metadata comment="Heavy rain on a tent at night"
make wav mono 48000 -rf64 always
make wav mono 48000 -f wav -write_bext 1 -metadata description="ünruhiger Regen"
make wav stereo 44100 -c:a libmp3lame
make wav stereo 44100 -c:a adpcm_ima_wav
make w64 mono 48000
make w64 5.1 48000 -c:a pcm_s24le
for c in pcm_s8 pcm_s16be pcm_s24be pcm_s32be; do make aiff stereo 44100 -c:a $c; done
for c in pcm_f32be pcm_f64be pcm_alaw pcm_mulaw pcm_s16le adpcm_ima_qt; do make aifc mono 44100 -f aiff -c:a $c; done
make aif 5.1 48000 -c:a pcm_s24be -write_id3v2 1 -metadata title="Rain on a tent"
for c in pcm_s8 pcm_s16be pcm_s24be pcm_f32be pcm_mulaw pcm_alaw; do make au stereo 22050 -c:a $c; done
for c in pcm_s16be pcm_s24le pcm_f32be pcm_mulaw alac; do make caf stereo 44100 -c:a $c; done
make flac mono 44100 -metadata description="Rain on a tent"
make flac stereo 96000 -sample_fmt s32
make flac 5.1 48000
make flac mono 8000
make flac stereo 44100 -compression_level 0
make oga stereo 44100 -c:a flac
make ogg mono 44100 -c:a libvorbis -q:a 0 -metadata description="Rain on a tent"
make ogg stereo 48000 -c:a libvorbis -q:a 8
make ogg 5.1 48000 -c:a libvorbis
make ogg mono 8000 -c:a libvorbis
make opus mono 48000 -c:a libopus -b:a 12k -application voip
make opus mono 16000 -c:a libopus -b:a 24k
make opus stereo 48000 -c:a libopus -b:a 64k
make opus stereo 48000 -c:a libopus -b:a 160k -frame_duration 60
make mp3 mono 22050 -b:a 32k
make mp3 stereo 44100 -b:a 128k -metadata title="Rain on a tent"
make mp3 stereo 48000 -q:a 2
make mp3 stereo 44100 -b:a 320k -id3v2_version 3 -write_id3v1 1 -metadata comment="Heavy rain on a tent"
make mp3 mono 8000 -b:a 8k
make mp2 stereo 48000
make mp2 mono 22050
make m4a mono 44100 -b:a 64k
make m4a stereo 48000 -b:a 128k -metadata description="Rain on a tent"
make m4a stereo 44100 -movflags +faststart
make m4a stereo 44100 -c:a alac
make m4a mono 96000 -c:a alac -sample_fmt s32p
make mov stereo 48000 -c:a pcm_s24le
make mov mono 44100 -c:a aac
make mp4 stereo 32000 -c:a aac
make mp4 stereo 44100 -c:a libmp3lame
make aac mono 44100
make aac stereo 48000
for c in libvorbis flac libopus pcm_s16le aac libmp3lame; do make mka stereo 48000 -c:a $c; done
make webm stereo 48000 -c:a libopus
make webm mono 48000 -c:a libvorbis
make wv stereo 44100
make wma stereo 44100
make ac3 stereo 48000
echo "$n files"
