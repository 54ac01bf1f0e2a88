package config_test

import "testing"

// channel writes an entry of [[channels]]: five lines, and what follows.
func channel(name, kind, driver, numbers, rest string) string {
	return "[[channels]]\nname = \"" + name + "\"\ntype = \"" + kind + "\"\ndriver = \"" + driver +
		"\"\nnumbers = [" + numbers + "]\n" + rest
}

func TestMistakes_channels(t *testing.T) {
	t.Parallel()
	cloud := "[channels.cloud]\nphone_number_id=\"1\"\naccess_token=\"a\"\napp_secret=\"b\"\nverify_token=\"c\"\n"
	runMistakes(t, []mistakeTest{
		{"name", channel("a_b", "sms", "simulator", `"12345"`, ""), []string{`5: channels[0].name: "a_b" cannot be part of a URL`}},
		{"name, empty", channel("", "sms", "simulator", `"12345"`, ""), []string{"5: channels[0].name: is empty"}},
		{"name twice", channel("a", "sms", "simulator", `"12345"`, "") + channel("a", "sms", "simulator", `"12346"`, ""), []string{
			`10: channels[1].name: "a" is already that of channels[0].name`,
		}},
		{"type", channel("a", "fax", "simulator", `"12345"`, ""), []string{`6: channels[0].type: "fax" is unknown: write sms or whatsapp`}},
		{"driver", channel("a", "sms", "plivo", `"12345"`, ""), []string{`7: channels[0].driver: "plivo" is no driver of type "sms": use twilio, telnyx, bandwidth or simulator`}},
		{"driver of another type", channel("a", "sms", "cloud", `"12345"`, cloud), []string{`7: channels[0].driver: "cloud" is no driver of type "sms"`}},
		{"driver of another type, whatsapp", channel("a", "whatsapp", "telnyx", `"whatsapp:+15550100001"`, ""), []string{
			`7: channels[0].driver: "telnyx" is no driver of type "whatsapp": use cloud, twilio or simulator`,
		}},
		{"telnyx", channel("a", "sms", "telnyx", `"12345"`, "[channels.telnyx]\napi_key=\"k\"\npublic_key=\"nokey\"\n"), []string{
			"11: channels[0].telnyx.public_key: is no Ed25519 public key",
		}},
		{"telnyx without keys", channel("a", "sms", "telnyx", `"12345"`, "[channels.telnyx]\napi_base_url=\"x\"\n"), []string{
			"9: channels[0].telnyx.api_key: is required: add it to this table, or set BRIDGED_CHANNELS_A_TELNYX_API_KEY",
			"9: channels[0].telnyx.public_key: is required",
			"10: channels[0].telnyx.api_base_url: is no absolute URL",
		}},
		{"bandwidth", channel("a", "sms", "bandwidth", `"12345"`, "[channels.bandwidth]\nusername=\"u\"\napplication_id=\"\"\ncallback_password=1\n"), []string{
			"9: channels[0].bandwidth.account_id: is required",
			"9: channels[0].bandwidth.callback_username: is required",
			"9: channels[0].bandwidth.password: is required",
			"11: channels[0].bandwidth.application_id: is empty",
			"12: channels[0].bandwidth.callback_password: must be a string",
		}},
		{"bandwidth without its table", channel("a", "sms", "bandwidth", `"12345"`, ""), []string{
			"4: channels[0].bandwidth.account_id: is required", "4: channels[0].bandwidth.application_id: is required",
			"4: channels[0].bandwidth.callback_password: is required", "4: channels[0].bandwidth.callback_username: is required",
			"4: channels[0].bandwidth.password: is required", "4: channels[0].bandwidth.username: is required",
		}},
		{"smpp", channel("a", "sms", "smpp", `"12345"`, ""), []string{`7: channels[0].driver: "smpp" is not built yet`}},
		{"table of another driver", channel("a", "sms", "simulator", `"12345"`, "[channels.twilio]\naccount_sid=\"AC00000000000000000000000000000001\"\nauth_token=\"t\"\n"), []string{
			`9: channels[0].twilio: is the table of another driver than "simulator"`,
		}},
		{"no table", channel("a", "sms", "twilio", `"12345"`, ""), []string{
			"4: channels[0].twilio.account_sid: is required", "4: channels[0].twilio.auth_token: is required",
		}},
		{"keys of the table", channel("a", "whatsapp", "cloud", `"whatsapp:+15550100001"`, "[channels.cloud]\naccess_token=\"a\"\napi_base_url=\"x\"\n"), []string{
			"9: channels[0].cloud.app_secret: is required: add it to this table, or set BRIDGED_CHANNELS_A_CLOUD_APP_SECRET",
			"9: channels[0].cloud.phone_number_id: is required",
			"9: channels[0].cloud.verify_token: is required",
			"11: channels[0].cloud.api_base_url: is no absolute URL",
		}},
		{"cloud with two numbers", channel("a", "whatsapp", "cloud", `"whatsapp:+15550100001", "whatsapp:+15550100002"`, cloud), []string{
			"8: channels[0].numbers: has 2 entries, but a cloud channel has one sender",
		}},
		{"rate", channel("a", "sms", "simulator", `"12345"`, "rate = 0\npair_rate = inf\n"), []string{
			"9: channels[0].rate: must be above zero", "10: channels[0].pair_rate: must be above zero",
		}},
	})
}

func TestMistakes_addresses(t *testing.T) {
	t.Parallel()
	sms := channel("a", "sms", "simulator", `"+15550100001"`, "")
	runMistakes(t, []mistakeTest{
		{"no numbers", channel("a", "sms", "simulator", "", ""), []string{"8: channels[0].numbers: is empty"}},
		{"sms without plus", channel("a", "sms", "simulator", `"15550100001"`, ""), []string{`8: channels[0].numbers[0]: "15550100001" is no number for SMS`}},
		{"whatsapp on sms", channel("a", "sms", "simulator", `"whatsapp:+15550100001"`, ""), []string{"8: channels[0].numbers[0]: "}},
		{"sms on whatsapp", channel("a", "whatsapp", "simulator", `"+15550100001"`, ""), []string{`8: channels[0].numbers[0]: "+15550100001" is no WhatsApp sender`}},
		{"short code on whatsapp", channel("a", "whatsapp", "simulator", `"whatsapp:12345"`, ""), []string{"8: channels[0].numbers[0]: "}},
		{"in two channels", sms + channel("b", "sms", "simulator", `"12345", "+15550100001"`, ""), []string{
			`13: channels[1].numbers[1]: "+15550100001" is already at channels[0].numbers[0]`,
		}},
		{"in two spellings", channel("a", "whatsapp", "simulator", "\n\"whatsapp:+5215512345678\",\n\"whatsapp:+525512345678\"", ""), []string{
			`10: channels[0].numbers[1]: "whatsapp:+525512345678" is already at channels[0].numbers[0]`,
		}},
		{"number of nobody", sms + "[[numbers]]\naddress = \"+15550100002\"\n", []string{`10: numbers[0].address: "+15550100002" is owned by no channel`}},
		{"number twice", sms + "[[numbers]]\naddress = \"+15550100001\"\n[[numbers]]\naddress = \"+15550100001\"\n", []string{`12: numbers[1].address: "+15550100001" is already that of numbers[0].address`}},
		{"settings of a number", sms + "[[numbers]]\naddress = \"+15550100001\"\ninbound_webhook = \"x\"\ninbound_webhook_method = \"PUT\"\nmax_mms_bytes = 0\n", []string{
			"11: numbers[0].inbound_webhook: is no absolute URL", `12: numbers[0].inbound_webhook_method: "PUT" is unknown`, "13: numbers[0].max_mms_bytes: 0 is too small",
		}},
		{"sender of nobody", sms + "[[messaging_services]]\nsid=\"MG1\"\nsenders = [\n\"+15550100001\",\n\"+15550100002\"]\n", []string{
			`10: messaging_services[0].sid: "MG1" is no SID`, `13: messaging_services[0].senders[1]: "+15550100002" is owned by no channel`,
		}},
		{"service twice", "[[messaging_services]]\nsid=\"MG0123456789abcdef0123456789abcdef\"\n[[messaging_services]]\nsid=\"MG0123456789abcdef0123456789abcdef\"\n", []string{
			"7: messaging_services[1].sid: ",
		}},
		{"no mistake of its own where the list is wrong", channel("a", "sms", "simulator", "1", "") + "[[numbers]]\naddress = \"+15550100002\"\n", []string{
			"8: channels[0].numbers[0]: must be a string", `10: numbers[0].address: "+15550100002" is owned by no channel`,
		}},
	})
}
