//! What others call our types of entities.

/// Our name for a type of a labelled data set; itself where we have none.
///
/// Sources: Microsoft Recognizers-Text (`datetimeV2.*`, `currency`, …), presidio-research (`PHONE_NUMBER`, …),
/// IOB2 sets (`PER`, `LOC`, `ORG`).
pub(crate) fn canonical(kind: &str) -> String {
    let lower = kind.to_lowercase();
    let lower = lower.strip_prefix("datetimev2.").unwrap_or(&lower);
    let ours = match lower {
        "daterange" | "date_period" => "date_range",
        "timerange" => "time_range",
        "datetime" | "tempo" => "date_time",
        "datetimerange" => "date_time_range",
        "set" => "recurrence",
        "currency" => "money",
        "phonenumber" | "phone_number" => "phone",
        "email_address" => "email",
        "domain_name" => "url",
        "ip" | "ipaddress" => "ip_address",
        "person" | "per" | "pessoa" => "name",
        "loc" | "gpe" | "local" | "city" | "state" | "country" => "location",
        "org" | "organizacao" => "organization",
        "street_address" => "address",
        "zip_code" | "zip" | "cep" => "postal_code",
        "credit_card" => "card",
        "percent" => "percentage",
        "ordinal.relative" => "ordinal",
        "dimension" | "unit" => "quantity",
        other => other,
    };
    ours.to_owned()
}

/// The kinds that a coarser one stands for: a data set that knows only `date` means all of them by it.
pub(crate) fn coarser(kind: &str) -> &'static [&'static str] {
    match kind {
        "date_time" | "date_range" => &["date"],
        "date_time_range" => &["date_range", "date_time", "date"],
        "time_range" => &["time", "duration"],
        "time" | "date" => &["date_time"],
        "recurrence" => &["date", "date_time"],
        "cpf" | "cnpj" => &["tax_id", "document"],
        "tax_id" => &["document"],
        "order_id" | "tracking_code" | "pix_key" => &["code"],
        "quantity" | "ordinal" => &["number"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_others_are_ours() {
        for (theirs, ours) in [
            ("datetimeV2.daterange", "date_range"),
            ("datetimeV2.date", "date"),
            ("PHONE_NUMBER", "phone"),
            ("PER", "name"),
            ("money", "money"),
        ] {
            assert_eq!(canonical(theirs), ours);
        }
    }
}
