#!/bin/sh
# Fills the folder secrets/ (or the one named) for docker-compose.yml. What is there stays. Needs openssl.
set -eu
folder=${1:-$(dirname "$0")/../secrets}
mkdir -p "$folder"
# The containers read them under accounts of their own, so the folder is what keeps others out.
chmod 700 "$folder"
cd "$folder"
umask 022

keep() {
    if [ -e "$1" ]; then cat >/dev/null; else cat >"$1"; fi
}

openssl rand -base64 32 | keep master_key
openssl rand -base64 32 | keep password_pepper
openssl rand -hex 24 | keep postgres_password
openssl rand -hex 24 | keep karya_database_password
openssl rand -hex 12 | keep grafana_password
# That of the mail relay: write it in yourself. Mailpit takes any.
[ -e mail_password ] || : >mail_password
# That of the WhatsApp Business account, if messages go out by it.
[ -e whatsapp_token ] || : >whatsapp_token
# Those of the apps at Facebook and X, if people sign in with them.
[ -e facebook_app_secret ] || : >facebook_app_secret
[ -e x_client_secret ] || : >x_client_secret

password=$(cat karya_database_password)
echo "postgres://karya:$password@db:5432/karya" | keep database_url
echo "postgres://karya:$password@pgbouncer:6432/karya" | keep database_url_pgbouncer
echo "\"karya\" \"$password\"" | keep pgbouncer_userlist

# For Mailpit alone. Not an authority: it proves nothing but the name mailpit.
if ! [ -e mailpit_cert ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=mailpit \
        -addext subjectAltName=DNS:mailpit -addext basicConstraints=critical,CA:FALSE \
        -keyout mailpit_key -out mailpit_cert 2>/dev/null
fi
for name in master_key password_pepper postgres_password karya_database_password grafana_password mailpit_cert mailpit_key; do
    if ! [ -s "$name" ]; then
        echo "$folder/$name is empty: remove it and run this again" >&2
        exit 1
    fi
done
chmod 444 ./*
echo "the secrets are in $folder; keep copies of master_key and password_pepper apart from the backups of the database"
