@echo off
rem Finds Python 3.11-3.13, makes .venv with it, and hands over to core\setup\environment.py, which installs and starts.
rem   launch.bat [options of gui.py]   launch.bat demo [options]   launch.bat test [options of pytest]
rem
rem ASCII and English only: cmd reads this file in the console's code page, where other letters come out wrong.
rem Python speaks Japanese on a Japanese Windows; it writes Unicode to the console by itself, so no chcp is needed.
rem Delayed expansion stays off, or a "!" in the folder's name would be lost.
setlocal EnableExtensions DisableDelayedExpansion

rem Every path below is relative, so that the folder's name is never read again by cmd; pushd also takes \\server\share.
pushd "%~dp0"
if errorlevel 1 goto no_folder

rem Output that goes into a file or a pipe is UTF-8, whatever the code page.
set "PYTHONUTF8=1"
rem The Python install manager shall not fetch a version just because we ask whether it is there.
set "PYTHON_MANAGER_AUTOMATIC_INSTALL=false"
rem 64 bit, because there is no torch for less.
set "FITS=import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and sys.maxsize > 2**32))"

if not exist ".venv\Scripts\python.exe" goto find_python
".venv\Scripts\python.exe" -c "%FITS%" >nul 2>nul
if %errorlevel% equ 0 goto start

:find_python
set "BASE="
for %%V in (3.11 3.12 3.13) do call :try py -%%V
for %%P in (python python3) do call :try %%P
if defined BASE goto make_venv
echo Python 3.11, 3.12 or 3.13 (64 bit) is needed and was not found.
echo Install it from https://www.python.org/downloads/windows/ - and tick "Add python.exe to PATH" there.
echo Then start launch.bat again.
set "CODE=1"
goto end

:make_venv
echo Making the Python environment in .venv
call %BASE% -m venv --clear .venv
if %errorlevel% equ 0 if exist ".venv\Scripts\python.exe" goto start
echo The environment could not be made; the lines above say why.
set "CODE=1"
goto end

:start
".venv\Scripts\python.exe" -m core.setup.environment %*
set "CODE=%errorlevel%"
goto end

:no_folder
echo The folder of launch.bat could not be entered.
set "CODE=1"

:end
popd
rem A double-clicked window would close before anyone can read the reason.
if %CODE% neq 0 if not defined RAREWORD_NO_PAUSE pause
exit /b %CODE%

:try
rem "call", because py and python may be batch files themselves (pyenv-win).
if defined BASE exit /b 0
call %* -c "%FITS%" >nul 2>nul
if %errorlevel% equ 0 set "BASE=%*"
exit /b 0
