"""The kernel's names for what people call the keys of a remote. It knows no file."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

from irbpf import keycodes

# for buttons that no key of the kernel is called after
SPARE = tuple(f"KEY_MACRO{number}" for number in range(1, 31)) + tuple(f"BTN_TRIGGER_HAPPY{number}" for number in range(1, 41))

_WORDS = """
POWER pwr on/off onoff power_toggle powertoggle standby tv_power
POWER2 power_on poweron
SLEEP sleeptimer sleep_timer timer
VOLUMEUP vol+ vol_up volup volume+ volume_up vol_plus volumeplus v+ volup+
VOLUMEDOWN vol- vol_dn vol_down voldn voldown volume- volume_down vol_minus volumeminus v-
MUTE muting mute_toggle mutetoggle volmute
CHANNELUP ch+ ch_up chup channel+ channel_up chan+ chan_up chanup prog+ prog_up program+ p+ pr+ chnext ch_next channel_next
CHANNELDOWN ch- ch_dn ch_down chdn chdown channel- channel_down chan- chan_down chandown prog- prog_down program- p- pr- ch_prev channel_prev
UP arrow_up cursor_up navup nav_up dpad_up menu_up
DOWN arrow_down cursor_down navdown nav_down dpad_down menu_down
LEFT arrow_left cursor_left navleft nav_left dpad_left menu_left
RIGHT arrow_right cursor_right navright nav_right dpad_right menu_right
OK ok/enter nav_ok dpad_center dpad_ok
ENTER return
SELECT sel select/ok
EXIT quit
BACK return_back back/exit
CANCEL clear/cancel
CLEAR clr
MENU main_menu menus
SETUP settings set_up
HOME smart
INFO display info/display disp osd
EPG guide tv_guide program_guide
PLAY playback
PAUSE still freeze
PLAYPAUSE play/pause play_pause pause/play
STOP halt
RECORD rec
FASTFORWARD ff fwd ffwd fast_fwd fast_forward forward_scan scan_fwd fast_fo
REWIND rew rwd rev fast_rewind scan_rev fast_ba
FORWARD fw
NEXT skip+ skip_fwd skip_next skipforward
NEXTSONG next_track track+ track_next tracknext
PREVIOUS prev skip- skip_back skip_prev last_channel
PREVIOUSSONG prev_track track- track_prev trackprev
LAST recall jump prev_ch prevch pre_ch
EJECTCD eject open open/close
RED red_button
GREEN green_button
YELLOW yellow_button
BLUE blue_button
TEXT ttx teletext txt
SUBTITLE subtitles sub_title cc closed_caption caption
AUDIO audio_mode a/v_sound
LANGUAGE lang
TV tv/video watch_tv livetv live_tv
TV2 pip_source
VIDEO video_mode
DVD dvd_menu
RADIO fm fm_radio tuner
CD compact_disc
AUX aux_in auxiliary
CAMERA snapshot snap capture
MODE av_mode
VCR vcr_mode
ASPECT_RATIO aspect ratio format wide zoom_ratio
ZOOM zoom_in fullscreen full_screen
ZOOMOUT zoom_out
SHUFFLE random
MEDIA_REPEAT repeat
ANGLE camera_angle
TITLE titles dvd_title top_menu
FAVORITES fav favourite favourites favorite
LIST chlist ch_list
SEARCH find
HELP ?
SCREEN pip screen_mode
PROGRAM prog program
INFO information
BRIGHTNESSUP bright+ bright_up brightness_up brightness+
BRIGHTNESSDOWN bright- bright_down brightness_dn brightness_down brightness-
SELECTIVE_SCREENSHOT print_screen
NUMERIC_STAR * star asterisk
NUMERIC_POUND # pound hash
DOT dash - . .-
DIGITS -/-- 10+ +10 100 100+ >10 10
BASSBOOST bass loudness
SOUND surround
DELETE del
BACKSPACE backspc
SPACE spacebar
PAGEUP page_up pgup page+
PAGEDOWN page_down pgdn page-
WWW internet browser web
MEDIA source input input_source tv_av source_input
"""

_DIGITS = {"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}


@functools.cache
def key_name(name: str) -> str | None:
    """The key for a button called `name`, or None. A name of the kernel is itself, whatever its case."""
    plain = name.strip()
    for attempt in (plain, plain.upper(), f"KEY_{plain.upper()}", f"KEY_{_squeezed(plain).upper()}"):
        if attempt[:4].upper() in ("KEY_", "BTN_") and not re.fullmatch("KEY_[0-9]", attempt if attempt != plain else "") \
                and keycodes.exists(attempt):
            return attempt
    word = re.sub(r"^(key|btn|button|cmd)[_ -]", "", plain.lower())
    return _digit(word) or _synonyms().get(_squeezed(word)) or _synonyms().get(word) or (
        f"KEY_{word.upper()}" if keycodes.exists(f"KEY_{word.upper()}") and not word.isdigit() else None)


def _digit(word: str) -> str | None:
    found = re.fullmatch(r"(?:num|num_|number|numeric|digit|digit_|no|d|n)?[ _]?([0-9])", word)
    number = int(found[1]) if found else _DIGITS.get(word)
    return None if number is None else f"KEY_NUMERIC_{number}"


def _squeezed(word: str) -> str:
    return re.sub(r"[\s_]+", "", word)


@functools.cache
def _synonyms() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in _WORDS.strip().splitlines():
        key, *words = line.split()
        if keycodes.exists(f"KEY_{key}"):
            for word in (key.lower(), *words):
                found.setdefault(word, f"KEY_{key}")
                found.setdefault(_squeezed(word), f"KEY_{key}")
    return found
