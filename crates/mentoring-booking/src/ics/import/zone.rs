use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Names of zones as feeds write them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zones {
    /// For floating times, and for those of an unknown zone.
    pub(super) floating: Tz,
}

impl Zones {
    pub(super) fn new(floating: Tz) -> Self {
        Self { floating }
    }

    /// A TZID: an IANA name, one behind a vendor's prefix (RFC 5545 section 3.8.3.1), or a Windows
    /// name. A VTIMEZONE is not read.
    pub(super) fn named(id: &str) -> Option<Tz> {
        let id = id.trim();
        if let Ok(zone) = id.parse() {
            return Some(zone);
        }
        if id.starts_with('/') {
            let behind = |slashes: usize| {
                let (at, _) = id.rmatch_indices('/').nth(slashes)?;
                id.get(at + 1..)?.parse().ok()
            };
            return behind(2).or_else(|| behind(1)).or_else(|| behind(0));
        }
        WINDOWS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(id))
            .map(|&(_, zone)| zone)
    }
}

/// The instant of a local time. One that exists twice is the first, one that does not exist counts
/// from the offset before the gap (RFC 5545 section 3.3.5).
pub(super) fn instant(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    if zone == Tz::UTC {
        return Some(local.and_utc());
    }
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return Some(found.to_utc());
    }
    // Most gaps are an hour; the longest is a day: Apia, 30 December 2011.
    [30, 60, 120, 180, 1_440, 1_500]
        .into_iter()
        .find_map(|minutes| {
            let before = local.checked_sub_signed(TimeDelta::minutes(minutes))?;
            let offset = zone.offset_from_local_datetime(&before).latest()?;
            let utc = local.checked_sub_offset(offset.fix())?;
            Some(utc.and_utc())
        })
}

/// Windows names of the CLDR table (`windowsZones.xml`, territory 001 except where Indonesia has its
/// own), as Outlook and Exchange write them.
const WINDOWS: &[(&str, Tz)] = &[
    ("UTC", Tz::UTC),
    ("Coordinated Universal Time", Tz::UTC),
    ("SE Asia Standard Time", Tz::Asia__Jakarta),
    ("Singapore Standard Time", Tz::Asia__Singapore),
    ("Taipei Standard Time", Tz::Asia__Taipei),
    ("China Standard Time", Tz::Asia__Shanghai),
    ("W. Australia Standard Time", Tz::Australia__Perth),
    ("Tokyo Standard Time", Tz::Asia__Tokyo),
    ("Korea Standard Time", Tz::Asia__Seoul),
    ("AUS Eastern Standard Time", Tz::Australia__Sydney),
    ("E. Australia Standard Time", Tz::Australia__Brisbane),
    ("AUS Central Standard Time", Tz::Australia__Darwin),
    ("Cen. Australia Standard Time", Tz::Australia__Adelaide),
    ("Tasmania Standard Time", Tz::Australia__Hobart),
    ("West Pacific Standard Time", Tz::Pacific__Port_Moresby),
    ("New Zealand Standard Time", Tz::Pacific__Auckland),
    ("India Standard Time", Tz::Asia__Kolkata),
    ("Sri Lanka Standard Time", Tz::Asia__Colombo),
    ("Nepal Standard Time", Tz::Asia__Kathmandu),
    ("Bangladesh Standard Time", Tz::Asia__Dhaka),
    ("Myanmar Standard Time", Tz::Asia__Yangon),
    ("Pakistan Standard Time", Tz::Asia__Karachi),
    ("Arabian Standard Time", Tz::Asia__Dubai),
    ("Arab Standard Time", Tz::Asia__Riyadh),
    ("Israel Standard Time", Tz::Asia__Jerusalem),
    ("Egypt Standard Time", Tz::Africa__Cairo),
    ("South Africa Standard Time", Tz::Africa__Johannesburg),
    ("E. Africa Standard Time", Tz::Africa__Nairobi),
    ("W. Central Africa Standard Time", Tz::Africa__Lagos),
    ("Turkey Standard Time", Tz::Europe__Istanbul),
    ("Russian Standard Time", Tz::Europe__Moscow),
    ("FLE Standard Time", Tz::Europe__Kyiv),
    ("GTB Standard Time", Tz::Europe__Bucharest),
    ("E. Europe Standard Time", Tz::Europe__Chisinau),
    ("Central Europe Standard Time", Tz::Europe__Budapest),
    ("Central European Standard Time", Tz::Europe__Warsaw),
    ("Romance Standard Time", Tz::Europe__Paris),
    ("W. Europe Standard Time", Tz::Europe__Berlin),
    ("GMT Standard Time", Tz::Europe__London),
    ("Greenwich Standard Time", Tz::Atlantic__Reykjavik),
    ("E. South America Standard Time", Tz::America__Sao_Paulo),
    (
        "Argentina Standard Time",
        Tz::America__Argentina__Buenos_Aires,
    ),
    ("Pacific SA Standard Time", Tz::America__Santiago),
    ("SA Pacific Standard Time", Tz::America__Bogota),
    ("Newfoundland Standard Time", Tz::America__St_Johns),
    ("Atlantic Standard Time", Tz::America__Halifax),
    ("Eastern Standard Time", Tz::America__New_York),
    (
        "US Eastern Standard Time",
        Tz::America__Indiana__Indianapolis,
    ),
    ("Central Standard Time", Tz::America__Chicago),
    ("Central Standard Time (Mexico)", Tz::America__Mexico_City),
    ("Mountain Standard Time", Tz::America__Denver),
    ("US Mountain Standard Time", Tz::America__Phoenix),
    ("Pacific Standard Time", Tz::America__Los_Angeles),
    ("Alaskan Standard Time", Tz::America__Anchorage),
    ("Hawaiian Standard Time", Tz::Pacific__Honolulu),
];
