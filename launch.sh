#!/usr/bin/env bash
# Finds Python 3.11-3.13, makes .venv with it, and hands over to core/setup/environment.py, which installs and starts.
#   ./launch.sh [options of gui.py]  ·  ./launch.sh demo [options]  ·  ./launch.sh test [options of pytest]
set -u
cd -- "$(CDPATH= dirname -- "${BASH_SOURCE[0]}")" || exit 1

say() {
    case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
        ja*) printf '%s\n' "$2" ;;
        *) printf '%s\n' "$1" ;;
    esac
}

# 64 bit, because there is no torch for less.
fits='import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and sys.maxsize > 2**32))'

if ! .venv/bin/python -c "$fits" 2>/dev/null; then
    python='' incomplete=''
    for candidate in python3 python3.13 python3.12 python3.11 python; do
        "$candidate" -c "$fits" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
            python=$candidate
            break
        fi
        incomplete=$("$candidate" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    done
    if [ -z "$python" ] && [ -n "$incomplete" ]; then
        say "Python is here, but its venv module is not. On Debian and Ubuntu: sudo apt install $incomplete" \
            "Python はありますが venv モジュールがありません。Debian・Ubuntu では: sudo apt install $incomplete"
        exit 1
    elif [ -z "$python" ]; then
        say "Python 3.11, 3.12 or 3.13 (64 bit) is needed and was not found. Install it from your system's
packages or from https://www.python.org/downloads/ and start again." \
            "Python 3.11・3.12・3.13（64ビット）のいずれかが必要ですが、見つかりません。システムのパッケージか
https://www.python.org/downloads/ から入れて、もう一度起動してください。"
        exit 1
    fi
    say "Making the Python environment in .venv" ".venv に Python の環境を作っています"
    if ! "$python" -m venv --clear .venv; then
        say "The environment could not be made; the lines above say why." \
            "環境を作れませんでした。理由は上の行にあります。"
        exit 1
    fi
fi

exec .venv/bin/python -m core.setup.environment "$@"
