#!/usr/bin/env bash
# Makes clients from openapi/karya.json, with the settings beside this file, into target/clients: Kotlin, Swift, Dart,
# TypeScript, and bare TypeScript types. Then looks whether they are what apps need.
set -euo pipefail
cd "$(dirname "$0")/../.."
openapi/tools/install.sh
tools=$PWD/target/openapi-tools
out=$PWD/target/clients
rm -rf "$out"
mkdir -p "$out"

for client in kotlin swift dart typescript; do
    if ! "$tools/python/bin/openapi-generator-cli" generate -i openapi/karya.json -c "openapi/clients/$client.yaml" \
        -o "$out/$client" >"$out/$client.log" 2>&1; then
        cat "$out/$client.log" >&2
        exit 1
    fi
done
"$tools/node_modules/.bin/openapi-typescript" openapi/karya.json -o "$out/karya.d.ts" >/dev/null 2>&1

"$tools/node_modules/.bin/tsc" --strict --noEmit --target es2022 --lib es2022,dom --module esnext \
    --moduleResolution bundler "$out/typescript/index.ts" "$out/karya.d.ts"

# The other compilers are seldom at hand: what they would refuse, or an app would trip over, is looked for in the text.
failures=0
has() { # what it is, text, file
    if ! grep -qF -- "$2" "$out/$3"; then
        echo "$3: $1: no '$2'" >&2
        failures=$((failures + 1))
    fi
}
has_not() { # what it is, pattern, folder or file
    if grep -rnE -- "$2" "$out/$3" >&2; then
        echo "$3: $1" >&2
        failures=$((failures + 1))
    fi
}

kotlin=kotlin/src/main/kotlin/id/karya/client
has "enumeration with room to grow" 'unknown_default_open_api(' "$kotlin/models/BookingState.kt"
has "value of an enumeration as it is sent" '@SerialName(value = "no_show")' "$kotlin/models/BookingState.kt"
has "id" 'val id: java.util.UUID' "$kotlin/models/BookingView.kt"
has "instant" 'val startsAt: java.time.OffsetDateTime' "$kotlin/models/BookingView.kt"
has "optional member" 'val topic: kotlin.String? = null' "$kotlin/models/BookingView.kt"
has "file that is sent" 'body: java.io.File' "$kotlin/apis/DocumentsApi.kt"
has "file that is received" 'java.io.File' "$kotlin/apis/ProofApi.kt"
has "header that costs somebody when left out" 'idempotencyKey: kotlin.String,' "$kotlin/apis/BookingsApi.kt"
has_not "member without a type" 'va[lr] [A-Za-z]+: .*kotlin\.Any' "$kotlin/models"

swift=swift/Sources/KaryaClient
has "enumeration with room to grow" 'case unknownDefaultOpenApi' "$swift/Models/BookingState.swift"
has "value of an enumeration as it is sent" 'case noShow = "no_show"' "$swift/Models/BookingState.swift"
has "id" 'public var id: UUID' "$swift/Models/BookingView.swift"
has "instant" 'public var startsAt: Date' "$swift/Models/BookingView.swift"
has "optional member" 'public var topic: String?' "$swift/Models/BookingView.swift"
has "file that is sent" 'body: URL' "$swift/APIs/DocumentsAPI.swift"
has "header that costs somebody when left out" 'idempotencyKey: String,' "$swift/APIs/BookingsAPI.swift"
has_not "member without a type" 'public var [A-Za-z]+: .*\b(Any|AnyCodable|JSONValue)\b' "$swift/Models"

dart=dart/lib/src
has "enumeration with room to grow" 'unknownDefaultOpenApi' "$dart/model/booking_state.dart"
has "value of an enumeration as it is sent" "@JsonValue(r'no_show')" "$dart/model/booking_state.dart"
has "instant" 'final DateTime startsAt;' "$dart/model/booking_view.dart"
has "optional member" 'final String? topic;' "$dart/model/booking_view.dart"
has "file that is sent" 'MultipartFile body' "$dart/api/documents_api.dart"
has "header that costs somebody when left out" 'required String idempotencyKey' "$dart/api/bookings_api.dart"
has_not "member without a type" 'final (Object|dynamic)\b' "$dart/model"

has "value of an enumeration as it is sent" "'no_show'" typescript/models/BookingState.ts
has "instant" 'startsAt: Date' typescript/models/BookingView.ts
has "file that is sent" 'body: Blob' typescript/apis/DocumentsApi.ts
has_not "member without a type" '^    [A-Za-z]+\??: (any|object)\b' typescript/models

# Classes that generators invent where the document has something without a name.
invented=$(find "$out" -type f \( -iname '*oneof*' -o -iname '*anyof*' -o -iname '*inner*' \))
if [ -n "$invented" ]; then
    echo "classes without a name in the document: $invented" >&2
    failures=$((failures + 1))
fi
[ "$failures" = 0 ] || exit 1
echo "clients: $(find "$out" -name '*.kt' | wc -l) files of Kotlin, $(find "$out" -name '*.swift' | wc -l) of Swift," \
    "$(find "$out" -name '*.dart' | wc -l) of Dart, $(find "$out" -name '*.ts' | wc -l) of TypeScript"
