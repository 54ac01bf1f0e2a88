package twilio

import (
	"maps"

	"bridged/conversations"
)

// refusal is how the reference answers a fault.
type refusal struct {
	status, code int
	text         string
}

// refusals lists every fault of the domain but NotFound, whose message names
// the path. Codes, statuses and words are the reference's error dictionary's.
func refusals() map[conversations.Fault]refusal {
	all := make(map[conversations.Fault]refusal)
	for _, some := range []func() map[conversations.Fault]refusal{refusalsOfNames, refusalsOfConversations, refusalsOfPeople, refusalsOfMessages, refusalsOfWebhooks} {
		maps.Copy(all, some())
	}
	return all
}

// refusalsOfNames are those of what several resources have: names, attributes and roles.
func refusalsOfNames() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.InvalidParameter:    {400, CodeInvalidParameter, "Invalid parameter"},
		conversations.Conflict:            {409, CodeConflict, "Conflict"},
		conversations.Gone:                {410, CodeGone, "Gone"},
		conversations.FriendlyNameMissing: {400, 50000, "FriendlyName not provided"},
		conversations.FriendlyNameTooLong: {400, 50003, "Friendly name too long"},
		conversations.AttributesNotJSON:   {400, 50304, "Attributes not valid JSON"},
		conversations.AttributesTooLong:   {400, 50303, "Attributes too long"},
		conversations.ServiceUnknown:      {404, 50050, "Service Instance not found"},
		conversations.RoleTypeInvalid:     {400, 50105, "Invalid role type"},
		conversations.PermissionUnknown:   {404, 50104, "Permission not found"},
		conversations.UserRoleUnknown:     {404, 50100, "Role not found"},
		conversations.RoleUnknown:         {404, 50109, "Conversation role not found"},
		conversations.TemplateTooLong:     {400, 50058, "Notification template too long"},
		conversations.SoundTooLong:        {400, 50059, "Notification sound name too long"},
		conversations.PushTypeInvalid:     {400, 50209, "Invalid binding type"},
	}
}

// refusalsOfConversations are those of conversations.
func refusalsOfConversations() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.UniqueNameTooLong:       {400, 50004, "Unique Name too long"},
		conversations.UniqueNameTaken:         {409, 50353, "Conversation with provided unique name already exists"},
		conversations.UniqueNameLikeSID:       {400, 50390, "Unique name should not match conversation sid pattern"},
		conversations.MessagingServiceUnknown: {400, 50341, "Invalid messaging service SID"},
		conversations.StateInvalid:            {400, 50378, "'State' parameter value is invalid"},
		conversations.StateInitiallyClosed:    {400, 50384, "Initial state can't be 'closed'"},
		conversations.ConversationClosed:      {400, 50377, "Can't update conversation as it's in final closed state"},
		conversations.ConversationBusy:        {409, 50391, "Conflicting conversation modification"},
		conversations.TimerInactiveInvalid:    {400, 50379, "TimeToInactive format is invalid"},
		conversations.TimerInactiveTooShort:   {400, 50375, "TimeToInactive should be greater or equal to 1 minute"},
		conversations.TimerClosedInvalid:      {400, 50380, "TimeToClosed format is invalid"},
		conversations.TimerClosedTooShort:     {400, 50376, "TimeToClosed should be greater or equal to 10 minutes"},
		conversations.ChannelNotPrivate:       {400, 50393, "Type value should be 'private'."},
		conversations.ChannelMetadataUnknown:  {404, 50530, "Channel Metadata not found"},
	}
}

// refusalsOfPeople are those of participants and users.
func refusalsOfPeople() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.IdentityMissing:        {400, 50204, "Identity not provided"},
		conversations.IdentityTooLong:        {400, 50207, "Identity too long"},
		conversations.IdentityTaken:          {409, 50433, "Participant already exists"},
		conversations.IdentityLikeSID:        {400, 50206, "Identity should not match user SID pattern"},
		conversations.IdentityWithBinding:    {400, 50211, "Identity parameter not acceptable for this Participant"},
		conversations.IdentityPresent:        {400, 50444, "Failed to add an identity to a participant"},
		conversations.UserTaken:              {409, 50201, "User already exists"},
		conversations.AddressInvalid:         {400, 50407, "Invalid messaging binding address"},
		conversations.AddressMissing:         {400, 50411, "Participant address is empty"},
		conversations.AddressEqualsProxy:     {400, 50409, "Participant address equals proxy address"},
		conversations.ProxyMissing:           {400, 50412, "Participant proxy address is empty"},
		conversations.ProxyNotOwned:          {403, 50413, "Account is not authorized to use proxy address"},
		conversations.TypesDiffer:            {400, 50414, "Participant address type does not match proxy address type"},
		conversations.PairTaken:              {409, 50416, "A binding for this participant and proxy address already exists"},
		conversations.ProxyNotRemovable:      {400, 50440, "Failed to remove the proxy address of a participant"},
		conversations.ProxyNotAddable:        {400, 50441, "Failed to add a proxy address to a participant"},
		conversations.GroupsUnavailable:      {400, 50452, "Group MMS is not enabled for this Account"},
		conversations.GroupImpossible:        {400, 50435, "Group MMS activation failed"},
		conversations.GroupFull:              {400, 50436, "Participant limit exceeded for group conversation"},
		conversations.GroupMemberTaken:       {409, 50437, "Group Participant already exists"},
		conversations.GroupTaken:             {409, 50438, "Group MMS with given participant list already exists as Conversation"},
		conversations.PairInGroup:            {400, 50453, "Proxy Address of participant is not supported for this channel"},
		conversations.ProjectedMissing:       {400, 50434, "Participant projected address not provided"},
		conversations.ProjectedNotOwned:      {403, 50439, "Account is not authorized to use the projected address"},
		conversations.ProjectedNotRemovable:  {400, 50442, "Failed to remove the projected address of a participant"},
		conversations.ProjectedNotAddable:    {400, 50443, "Failed to add a projected address to a participant"},
		conversations.TooManyParticipants:    {400, 50417, "Participants limit exceeded"},
		conversations.TooManyNative:          {400, 50418, "Non-Chat participants limit exceeded"},
		conversations.TooManyConversations:   {400, 50214, "User conversation limit exceeded"},
		conversations.ReadIndexInvalid:       {400, 50421, "Invalid last read message index format"},
		conversations.NotificationLevelWrong: {400, 50210, "Invalid notification level"},
		conversations.PersonAmbiguous:        {400, 50451, "One user identifier parameter for lookup at a time is allowed. Please, use either Identity or Address."},
	}
}

// refusalsOfMessages are those of messages, files and contents.
func refusalsOfMessages() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.AuthorTooLong:           {400, 50310, "Author parameter is too long"},
		conversations.AuthorOutsideGroup:      {400, 50513, "Message author should be among Group MMS participants"},
		conversations.BodyMissing:             {400, 50503, "Message body not provided"},
		conversations.BodyTooLong:             {400, 50504, "Message body parameter is too long"},
		conversations.SubjectTooLong:          {400, CodeInvalidParameter, "Invalid parameter: Subject is too long"},
		conversations.MediaUnknown:            {404, 50507, "Media not found"},
		conversations.MediaTaken:              {400, 50508, "Media already sent with another message"},
		conversations.MediaTooLarge:           {400, 50512, "Message media size is too large"},
		conversations.MediaTypeInvalid:        {400, 50511, "Invalid message media content type"},
		conversations.FileTooLarge:            {413, CodeTooLarge, "Request Entity Too Large"},
		conversations.ContentUnknown:          {400, 50526, "Invalid content SID"},
		conversations.ContentMissing:          {400, 50528, "Content SID is missing"},
		conversations.ContentVariablesInvalid: {400, 50527, "Invalid content variables format"},
		conversations.ContentVariablesTooLong: {400, 50529, "Content variables are too long"},
		conversations.ContentKeyTooLong:       {400, 50540, "Content variable key is too long"},
		conversations.ContentValueTooLong:     {400, 50541, "Content variable value is too long"},
	}
}

// refusalsOfWebhooks are those of webhooks.
func refusalsOfWebhooks() map[conversations.Fault]refusal {
	return map[conversations.Fault]refusal{
		conversations.WebhooksInvalid:       {400, 50054, "Invalid webhook format"},
		conversations.WebhooksMethodInvalid: {400, 50055, "Invalid webhook method"},
		conversations.WebhookTargetInvalid:  {400, 50364, "Invalid conversation webhook type"},
		conversations.WebhookTargetMissing:  {400, 50368, "Conversation webhook type not provided"},
		conversations.WebhookFilterInvalid:  {400, 50365, "Invalid conversation webhook filter"},
		conversations.WebhookFilterMissing:  {400, 50370, "Conversation webhook filter not provided"},
		conversations.WebhookTriggerInvalid: {400, 50366, "Invalid conversation webhook trigger"},
		conversations.WebhookTriggerMissing: {400, 50371, "Conversation webhook trigger not provided"},
		conversations.WebhookFlowInvalid:    {400, 50367, "Invalid conversation webhook flow SID"},
		conversations.WebhookURLMissing:     {400, 50369, "Conversation webhook URL not provided"},
		conversations.WebhookURLTooLong:     {400, 50372, "Conversation webhook URL is too long"},
		conversations.TooManyWebhooks:       {400, 50361, "Too many conversation webhooks"},
		conversations.ChangeRefused:         {400, 50056, "Webhook disabled processing of command"},
		conversations.TooManyTriggers:       {400, 50362, "Too many conversation webhook triggers"},
	}
}
