/**
 * A service descriptor made by hand.
 * @module
 */
import { create, createFileRegistry, type DescService } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Type, FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** As much of the service as the test needs, under the numbers of the real one. */
export function miniature(): DescService {
  const text = (name: string, number: number, jsonName: string) => ({
    name,
    number,
    jsonName,
    type: FieldDescriptorProto_Type.STRING,
    label: 1,
  });
  const room = { ...text("room", 1, "room"), type: FieldDescriptorProto_Type.MESSAGE, typeName: ".chat.v1.Room" };
  const isPrivate = { ...text("private", 4, "private"), type: FieldDescriptorProto_Type.BOOL };
  const file = create(FileDescriptorProtoSchema, {
    name: "chat.proto",
    package: "chat.v1",
    syntax: "proto3",
    messageType: [
      { name: "Room", field: [text("id", 1, "id"), text("name", 2, "name"), text("topic", 3, "topic"), isPrivate] },
      { name: "CreateRoomRequest", field: [text("id", 1, "id"), text("name", 2, "name")] },
      { name: "CreateRoomResponse", field: [room] },
    ],
    service: [{
      name: "ChatService",
      method: [{
        name: "CreateRoom",
        inputType: ".chat.v1.CreateRoomRequest",
        outputType: ".chat.v1.CreateRoomResponse",
      }],
    }],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return registry.getService("chat.v1.ChatService")!;
}
