-- What Orleans' ADO.NET grain storage asks of PostgreSQL: its queries by name, and a table for them. Ours, for tests.
CREATE TABLE orleansquery (querykey varchar(64) PRIMARY KEY, querytext text NOT NULL);

CREATE TABLE orleansstorage (
    grainidhash integer NOT NULL, grainidn0 bigint NOT NULL, grainidn1 bigint NOT NULL,
    graintypehash integer NOT NULL, graintypestring varchar(512) NOT NULL,
    grainidextensionstring varchar(512) NOT NULL DEFAULT '', serviceid varchar(150) NOT NULL,
    payloadbinary bytea, modifiedon timestamp NOT NULL, version integer NOT NULL,
    PRIMARY KEY (grainidhash, graintypehash, grainidn0, grainidn1, grainidextensionstring, graintypestring, serviceid));

-- An update of the version that was read, or an insert where none was read; the version passed comes back where neither was possible.
INSERT INTO orleansquery VALUES ('WriteToStorageKey', '
WITH updated AS (
    UPDATE orleansstorage SET payloadbinary = CAST(@PayloadBinary AS bytea), modifiedon = now() AT TIME ZONE ''utc'', version = version + 1
    WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
        AND graintypestring = @GrainTypeString AND serviceid = @ServiceId
        AND grainidextensionstring = coalesce(CAST(@GrainIdExtensionString AS varchar), '''')
        AND version = CAST(@GrainStateVersion AS integer)
    RETURNING version),
inserted AS (
    INSERT INTO orleansstorage SELECT @GrainIdHash, @GrainIdN0, @GrainIdN1, @GrainTypeHash, @GrainTypeString,
        coalesce(CAST(@GrainIdExtensionString AS varchar), ''''), @ServiceId, CAST(@PayloadBinary AS bytea), now() AT TIME ZONE ''utc'', 1
    WHERE CAST(@GrainStateVersion AS integer) IS NULL
    ON CONFLICT DO NOTHING
    RETURNING version)
SELECT coalesce((SELECT version FROM updated), (SELECT version FROM inserted), CAST(@GrainStateVersion AS integer)) AS NewGrainStateVersion');

INSERT INTO orleansquery VALUES ('ReadFromStorageKey', '
SELECT payloadbinary AS PayloadBinary, now() AT TIME ZONE ''utc'', version AS Version
FROM orleansstorage
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
    AND graintypestring = @GrainTypeString AND serviceid = @ServiceId
    AND grainidextensionstring = coalesce(CAST(@GrainIdExtensionString AS varchar), '''')');

INSERT INTO orleansquery VALUES ('ClearStorageKey', '
UPDATE orleansstorage SET payloadbinary = NULL, version = version + 1
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
    AND graintypestring = @GrainTypeString AND serviceid = @ServiceId
    AND grainidextensionstring = coalesce(CAST(@GrainIdExtensionString AS varchar), '''')
    AND version = CAST(@GrainStateVersion AS integer)
RETURNING version AS NewGrainStateVersion');

INSERT INTO orleansquery VALUES ('DeleteStorageKey', '
DELETE FROM orleansstorage
WHERE grainidhash = @GrainIdHash AND graintypehash = @GrainTypeHash AND grainidn0 = @GrainIdN0 AND grainidn1 = @GrainIdN1
    AND graintypestring = @GrainTypeString AND serviceid = @ServiceId
    AND grainidextensionstring = coalesce(CAST(@GrainIdExtensionString AS varchar), '''')
    AND version = CAST(@GrainStateVersion AS integer)
RETURNING version + 1 AS NewGrainStateVersion');
