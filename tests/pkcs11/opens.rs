//! Which keys are made and opened, and what is said of the others.

use super::*;

pub(super) async fn a_generated_key_stays_in_its_token() {
    Pkcs11Key::generate(&config(TOKEN, "main")).unwrap();
    let session = beside(TOKEN);
    let found = session.find_objects(&[Attribute::Label(b"main".to_vec())]).unwrap();
    let [key] = found[..] else { panic!("{found:?}") };
    let asked = [
        AttributeType::Value,
        AttributeType::Class,
        AttributeType::KeyType,
        AttributeType::ValueLen,
        AttributeType::Token,
        AttributeType::Private,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
        AttributeType::Wrap,
        AttributeType::Unwrap,
    ];
    let expected = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(Ulong::new(32)),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::AlwaysSensitive(true),
        Attribute::NeverExtractable(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
    ];
    assert_eq!(session.get_attributes(key, &asked).unwrap(), expected);
    // Neither flag can be taken back.
    session.update_attributes(key, &[Attribute::Sensitive(false)]).unwrap_err();
    session.update_attributes(key, &[Attribute::Extractable(true)]).unwrap_err();
}

pub(super) async fn a_second_key_of_the_name_is_not_made() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    let err = Pkcs11Key::generate(&config(TOKEN, "main")).unwrap_err();
    assert!(matches!(err, OpenError::Exists { .. }), "{}", chain(&err));
    // One that would be refused is one all the same.
    generate(&beside(TOKEN), "short", &[Attribute::ValueLen(Ulong::new(16))]);
    let err = Pkcs11Key::generate(&config(TOKEN, "short")).unwrap_err();
    assert!(matches!(err, OpenError::Exists { .. }), "{}", chain(&err));
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
    // The other token has its own names.
    Pkcs11Key::generate(&config(OTHER, "main")).unwrap();
}

pub(super) async fn two_keys_of_a_name_are_refused() {
    generate(&beside(TOKEN), "main", &[]);
    generate(&beside(TOKEN), "main", &[]);
    let err = refused(&config(TOKEN, "main"));
    assert!(matches!(err, OpenError::TwoKeys { .. }), "{err}");
}

pub(super) async fn a_missing_module_is_named() {
    let module = PathBuf::from("/nowhere/token.so");
    let err = refused(&Config { module, ..config(TOKEN, "main") });
    assert!(matches!(err, OpenError::NoModule(..)), "{err}");
    assert!(err.to_string().contains("`/nowhere/token.so`"), "{err}");
}

pub(super) async fn a_file_that_is_no_module_is_refused() {
    let settings = PathBuf::from(std::env::var_os("SOFTHSM2_CONF").unwrap());
    let folder = settings.parent().unwrap().to_owned();
    for module in [settings, folder] {
        let err = refused(&Config { module, ..config(TOKEN, "main") });
        assert!(matches!(err, OpenError::NotAModule(..)), "{err}");
    }
}

pub(super) async fn settings_that_are_wrong_are_told() {
    let settings = PathBuf::from(std::env::var_os("SOFTHSM2_CONF").unwrap());
    let text = std::fs::read(&settings).unwrap();
    std::fs::remove_file(&settings).unwrap();
    let err = refused(&config(TOKEN, "main"));
    assert!(matches!(err, OpenError::Start(..)), "{err}");
    // A module that did not start is not kept.
    std::fs::write(settings, text).unwrap();
    key("main");
}

pub(super) async fn a_missing_token_is_named_and_those_there_are() {
    let err = refused(&config("third", "main"));
    let OpenError::NoToken { label, mut there } = err else { panic!("{err}") };
    there.sort();
    assert_eq!((&*label, there), ("third", vec![TOKEN.to_owned(), OTHER.to_owned()]));
}

pub(super) async fn two_tokens_of_a_name_are_refused() {
    init_token(Path::new(&std::env::var_os("SOFTHSM2_CONF").unwrap()), TOKEN);
    let err = refused(&config(TOKEN, "main"));
    assert!(matches!(err, OpenError::TwoTokens(_)), "{err}");
}

pub(super) async fn a_missing_key_is_named() {
    Pkcs11Key::generate(&config(TOKEN, "main")).unwrap();
    for (token, name) in [(TOKEN, "mai"), (TOKEN, "main2"), (TOKEN, ""), (OTHER, "main")] {
        let err = refused(&config(token, name));
        assert!(matches!(&err, OpenError::NoKey { key, .. } if key == name), "{err}");
    }
}

pub(super) async fn a_wrong_pin_is_told_and_not_shown() {
    Pkcs11Key::generate(&config(TOKEN, "main")).unwrap();
    for wrong in ["not the PIN", "", "1", &"long ".repeat(100)] {
        let err = refused(&Config { pin: pin(wrong), ..config(TOKEN, "main") });
        assert!(matches!(err, OpenError::WrongPin(_)), "{err}");
        assert!(wrong.len() < 2 || !chain(&err).contains(wrong), "{err}");
    }
    Pkcs11Key::open(&config(TOKEN, "main")).unwrap();
}

pub(super) async fn a_wrong_pin_is_told_while_the_token_is_open() {
    let open = key("main");
    let wrong = Config { pin: pin("not the PIN"), ..config(TOKEN, "main") };
    let err = refused(&wrong);
    assert!(matches!(err, OpenError::OtherPin(_)), "{err}");
    drop(open);
    let err = refused(&wrong);
    assert!(matches!(err, OpenError::WrongPin(_)), "{err}");
}

pub(super) async fn a_key_that_is_not_fit_is_refused() {
    let session = beside(TOKEN);
    let unfit = [
        ("256 bits", Attribute::ValueLen(Ulong::new(16))),
        ("sensitive", Attribute::Sensitive(false)),
        ("extractable", Attribute::Extractable(true)),
        ("encrypt", Attribute::Encrypt(false)),
        ("decrypt", Attribute::Decrypt(false)),
    ];
    for (name, attribute) in unfit {
        generate(&session, name, &[attribute]);
        let err = refused(&config(TOKEN, name));
        let OpenError::Unfit { fault, .. } = err else { panic!("{err}") };
        assert!(fault.contains(name), "{fault}");
    }
    let generic = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Label(b"generic".to_vec()),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Value(vec![1; 32]),
    ];
    session.create_object(&generic).unwrap();
    let err = refused(&config(TOKEN, "generic"));
    let OpenError::Unfit { fault, .. } = err else { panic!("{err}") };
    assert!(fault.contains("AES"), "{fault}");
}
